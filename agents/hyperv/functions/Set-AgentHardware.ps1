function Set-AgentHardware {
    <#
    .SYNOPSIS
    Sets one group of a machine's fields as Resolve-AgentHardware says.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [hashtable] $Group,
        [Parameter(Mandatory = $true)] [hashtable] $Wanted
    )
    switch -CaseSensitive ($Group.Name) {
        'note' {
            Update-AgentNote -Id (ConvertTo-AgentId -Vm $Vm) -Change {
                param($note)
                $note.Description = [string]$Wanted.description
                $note.tags = @($Wanted.tags)
                $note.os_family = $Wanted.os_family
                $note.deletion_protection = [bool]$Wanted.deletion_protection
            }
        }
        'start' {
            $action = 'Nothing'
            if ($Wanted.autostart) { $action = 'Start' }
            if ($Wanted.autostart -and $Wanted.autostart_condition -ceq 'if-running') { $action = 'StartIfRunning' }
            Set-VM -VM $Vm -AutomaticStartAction $action -AutomaticStartDelay ([int]([long]$Wanted.autostart_delay_ms / 1000))
        }
        'memory' { Set-AgentMemory -Vm $Vm -Wanted $Wanted }
        'processor' { Set-VMProcessor -VM $Vm -Count ([long]$Wanted.cpus) -ExposeVirtualizationExtensions ([bool]$Wanted.nested) }
        'stop' {
            $actions = @{ 'shutdown' = 'ShutDown'; 'save' = 'Save'; 'turn-off' = 'TurnOff' }
            Set-VM -VM $Vm -AutomaticStopAction $actions[[string]$Wanted.stop_action]
        }
        'firmware' {
            if ([int]$Vm.Generation -eq 1) { return }
            if ($Wanted.secure_boot) { Set-VMFirmware -VM $Vm -EnableSecureBoot On -SecureBootTemplate (Get-AgentTemplateName)[[string]$Wanted.secure_boot_template] }
            else { Set-VMFirmware -VM $Vm -EnableSecureBoot Off }
        }
        'tpm' { Set-AgentTpm -Vm $Vm -Enabled ([bool]$Wanted.tpm) }
    }
}
