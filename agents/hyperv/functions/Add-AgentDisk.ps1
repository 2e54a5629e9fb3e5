function Add-AgentDisk {
    <#
    .SYNOPSIS
    Attaches a virtual disk and gives it its name, or neither; returns its id. On generation 1 IDE while it is off and has a place: it starts from there alone.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [string] $Path,
        [Parameter(Mandatory = $true)] [string] $Name,
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Spec
    )
    $isOff = (ConvertTo-AgentState -State $Vm.State) -ceq 'off'
    $bus = [string]$Spec['bus']
    if ($bus -ceq 'ide' -and -not $isOff) { throw (New-AgentFailure -Code VM_STATE_INVALID -Message 'The virtual machine must be off: IDE takes no disk while it runs.' -Pointer '/bus') }
    $slot = $null
    if ($bus -ceq 'ide' -or ($bus -eq '' -and $isOff -and [int]$Vm.Generation -eq 1)) {
        try { $slot = Find-AgentSlot -Vm $Vm -Type IDE } catch { if ($bus -ceq 'ide') { throw } }
    }
    if ($null -eq $slot) { $slot = Find-AgentSlot -Vm $Vm -Type SCSI }
    $more = @{}
    if ($null -ne $Spec['iops_max'] -and [long]$Spec['iops_max'] -gt 0) { $more.MaximumIOPS = [uint64]$Spec['iops_max'] }
    Add-VMHardDiskDrive -VM $Vm -Path $Path -ControllerType $slot.Type -ControllerNumber $slot.Number -ControllerLocation $slot.Location @more
    $diskName = $Name
    $diskId = Get-AgentDiskId -Path (Get-AgentDiskBase -Path $Path)
    try { Update-AgentNote -Id (ConvertTo-AgentId -Vm $Vm) -Change { param($said) $said.disks[$diskId] = $diskName } }
    catch {
        $problem = $_
        try { Get-VMHardDiskDrive -VM $Vm | Where-Object { Test-AgentSamePath -Path ([string]$_.Path) -Other $Path } | ForEach-Object { Remove-VMHardDiskDrive -VMHardDiskDrive $_ } }
        catch { Write-Warning "The disk stays attached, without its name: $_" }
        throw $problem
    }
    $diskId
}
