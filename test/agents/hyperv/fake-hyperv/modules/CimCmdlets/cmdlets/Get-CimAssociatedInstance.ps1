# Stands in for Get-CimAssociatedInstance: from a machine, its settings or a device to the others of that machine.
function Get-CimAssociatedInstance {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSAvoidOverwritingBuiltInCmdlets', '', Justification = 'it stands in for it')]
    [CmdletBinding(DefaultParameterSetName = 'ComputerSet')]
    param(
        [Parameter(Position = 1, ValueFromPipelineByPropertyName = $true)]
        [string]$Association,
        [Parameter(Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Alias('CimInstance')][PSTypeName('Microsoft.Management.Infrastructure.CimInstance')][psobject]$InputObject,
        [Parameter()]
        [switch]$KeyOnly,
        [Parameter(ValueFromPipelineByPropertyName = $true)]
        [string]$Namespace,
        [Parameter()]
        [Alias('OT')][uint32]$OperationTimeoutSec,
        [Parameter()]
        [string]$ResultClassName
    )
    process {
        Invoke-FakeCim -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            $machine = @(Resolve-FakeCimVM -World $World -Reference $InputObject)
            if ($machine.Count -eq 0) { return }
            $id = $machine[0].id
            $classes = if ($ResultClassName) { @($ResultClassName) } else { @('Msvm_VirtualSystemSettingData', 'Msvm_KvpExchangeComponent', 'Msvm_Keyboard', 'Msvm_ShutdownComponent', 'Msvm_SummaryInformation') }
            foreach ($class in $classes) {
                $table = Get-FakeCimTable -World $World -Class $class
                if ($null -eq $table) { Deny-FakeCim -Code '0x80041010' -Message 'Ungueltige Klasse' }
                foreach ($instance in $table) {
                    if ((Get-FakeCimOwner -Instance $instance) -ne $id) { continue }
                    # The state now, not the checkpoints.
                    if ($Association -eq 'Msvm_SettingsDefineState' -and $instance.VirtualSystemType -ne 'Microsoft:Hyper-V:System:Realized') { continue }
                    if ($Association -eq 'Msvm_SnapshotOfVirtualSystem' -and $instance.VirtualSystemType -eq 'Microsoft:Hyper-V:System:Realized') { continue }
                    $instance
                }
            }
        }
    }
}
